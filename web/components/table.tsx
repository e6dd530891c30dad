import type { ComponentChildren } from 'preact';

/** How a column is headed, and what it shows of a row. */
export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Figures stand under each other. */
  readonly isFigure?: boolean;
}

interface TableProps<Row> {
  /** What it shows, for who does not see it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** In place of a table without rows: an {@link EmptyState}. */
  readonly empty: ComponentChildren;
}

/** Rows under a head. On a narrow screen it scrolls in itself, also by keyboard. */
export function Table<Row>({ caption, columns, rows, keyOf, empty }: TableProps<Row>) {
  if (rows.length === 0) return <>{empty}</>;
  return (
    <div class="overflow-auto" role="region" aria-label={caption} tabIndex={0}>
      <table class="striped">
        <thead>
          <tr>
            {columns.map(({ name, isFigure }) => (
              <th scope="col" key={name} class={figure(isFigure)}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, cell, isFigure }) => (
                <td key={name} class={figure(isFigure)}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function figure(isFigure = false): string | undefined {
  return isFigure ? 'figure' : undefined;
}
