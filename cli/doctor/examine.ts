import { checkPostgres } from './database-checks.ts';
import { checkNode } from './node-check.ts';
import type { Area, DoctorParts } from './parts.ts';
import { checkPriceLists } from './product-checks.ts';
import { checkApi, checkHostProduct } from './service-checks.ts';
import { checkStripe } from './stripe-checks.ts';
import { checkTemporalServer } from './temporal-checks.ts';

/** Looks at everything at once. Whatever is down, it answers within the longest time limit of a check. */
export async function examine(parts: DoctorParts): Promise<Area[]> {
  const [node, postgres, temporal, stripe, priceLists, api, hostProduct] = await Promise.all([
    checkNode(parts.nodeVersion),
    checkPostgres(parts),
    checkTemporalServer(parts),
    checkStripe(parts),
    checkPriceLists(parts),
    checkApi(parts),
    checkHostProduct(parts),
  ]);
  const isDown = ({ checks }: Area) => checks[0]?.state === 'problem';
  return [
    { name: 'This program', checks: [node] },
    withoutConsequences(postgres),
    withoutConsequences(temporal),
    ...stripe.map(withoutConsequences),
    ...priceLists.filter(
      (_area, index) => !isDown(postgres) && stripe[index] !== undefined && !isDown(stripe[index]),
    ),
    withoutConsequences(api),
    hostProduct,
  ].filter(({ checks }) => checks.length > 0);
}

/** Of a part that is not there at all one finding is enough: what else fails, fails for that. */
function withoutConsequences(area: Area): Area {
  const [first] = area.checks;
  return first?.state === 'problem' ? { ...area, checks: [first] } : area;
}
