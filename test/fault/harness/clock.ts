/** From now on every clock of this process that tells the time of day is wrong by so much. */
export function stepClock(ms: number): void {
  const Right = globalThis.Date;
  const now = (): number => Right.now() + ms;
  globalThis.Date = new Proxy(Right, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
