import { editDistance } from "../../base/index.ts";

/** The name that was probably meant: at most two mistakes (one in a short word) away. Undefined: none is near. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const most = name.length <= 4 ? 1 : 2;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_\s-]/g, "");
  const ranked = names
    .map((candidate) => ({ candidate, distance: editDistance(plain(name), plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= most ? best.candidate : undefined;
}
