import { customerName, type Finding } from './finding.ts';
import type { SeenCustomer, SeenWorld } from './seen.ts';

/** Is no cluster too full, and does nobody wait for a place while there is one? */
export function placeFindings({ clusters, customers }: SeenWorld): Finding[] {
  const on = (mode: string, clusterId: string) =>
    customers.filter(({ mode: theirs, row }) => theirs === mode && row.clusterId === clusterId);
  const free = (mode: string) =>
    clusters
      .filter((cluster) => cluster.mode === mode)
      .some(({ clusterId, capacity }) => on(mode, clusterId).length < capacity);
  return [
    ...clusters.flatMap(({ mode, clusterId, capacity }) => {
      const users = on(mode, clusterId).length;
      if (users <= capacity) return [];
      return [{ about: `${mode} ${clusterId}`, what: `${users} users are on a cluster for ${capacity}` }];
    }),
    ...customers
      .filter(({ mode, row }) => row.waitingFor === 'cluster' && free(mode))
      .map((customer) => ({ about: customerName(customer), what: 'waits for a place, and there is room' })),
    ...customers.filter(holdsPlaceForNothing).map((customer) => ({
      about: customerName(customer),
      what: `holds a place on ${customer.row.clusterId} without a subscription`,
    })),
  ];
}

function holdsPlaceForNothing({ row }: SeenCustomer): boolean {
  return row.clusterId !== null && (row.status === 'none' || row.waitingFor === 'subscription');
}
