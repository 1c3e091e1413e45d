/** Compiles a template once, on first use; every `<%= %>` is escaped for XML. */
export function template(source: string): (data: object) => Promise<string> {
  let compiled: Promise<(data: object) => string> | null = null;
  return async (data) => {
    compiled ??= compile(source);
    return (await compiled)(data);
  };
}

async function compile(source: string): Promise<(data: object) => string> {
  const { Eta } = await import('eta');
  const eta = new Eta({ autoEscape: true, autoTrim: [false, false] });
  const run = eta.compile(source);
  return (data) => eta.render(run, data);
}
