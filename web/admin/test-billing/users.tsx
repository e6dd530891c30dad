import type { IRouter } from 'express';
import { addRoute } from '../../../api/route.ts';
import type { Database } from '../../../db/database.ts';
import { searchUsers, type UserChoice } from '../../../db/user-lists.ts';
import { textOfQuery } from '../../request-values.ts';
import type { Shell } from '../shell.tsx';
import { tabPath } from '../tabs.ts';

/** A list to choose from: who is not among them is found by typing. */
const USERS_TO_CHOOSE_FROM = 20;

/** Users of whom `text` is a part of the id, the name or the e-mail. */
export async function usersToChooseFrom(db: Database, text: string): Promise<readonly UserChoice[]> {
  return await searchUsers(db, text, USERS_TO_CHOOSE_FROM);
}

/** What a {@link UserField} asks for while one types. */
export function addUserChoice(pages: IRouter, db: Database, shell: Shell): void {
  addRoute(pages, '/test-billing/users', {
    get: [
      async (request, response) => {
        const users = await usersToChooseFrom(db, textOfQuery(request, 'userId'));
        shell.part(request, response, <UserOptions users={users} />);
      },
    ],
  });
}

interface UserFieldProps {
  /** Of the field, once in a page. It is sent as `userId`. */
  readonly id: string;
  readonly label: string;
  /** Who may be chosen, in a sentence. */
  readonly hint: string;
  readonly value: string;
  /** Whom to offer at first; typing finds others. */
  readonly users: readonly UserChoice[];
}

/** Asks for a user: their id, found by a part of it, of their name or of their e-mail. */
export function UserField({ id, label, hint, value, users }: UserFieldProps) {
  return (
    <div>
      <label for={id}>{label}</label>
      <input
        id={id}
        name="userId"
        list={`${id}-choices`}
        required
        maxLength={128}
        autocomplete="off"
        placeholder="Id, name or e-mail"
        value={value}
        aria-describedby={`${id}-hint`}
        hx-get={tabPath('test-billing', 'users')}
        hx-trigger="input changed delay:300ms"
        hx-target={`#${id}-choices`}
      />
      <small id={`${id}-hint`}>{hint}</small>
      <datalist id={`${id}-choices`}>
        <UserOptions users={users} />
      </datalist>
    </div>
  );
}

/** Those to choose from; what is put into the field is the id. */
function UserOptions({ users }: Pick<UserFieldProps, 'users'>) {
  return (
    <>
      {users.map(({ userId, name, email, modes }) => (
        <option key={userId} value={userId}>{`${name} · ${email} · ${modes.join(', ')}`}</option>
      ))}
    </>
  );
}
