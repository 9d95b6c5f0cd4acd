/** Awaited before each call of a port, reads included; a process stands still until it resolves. */
export type Gate = (call: string) => Promise<void>;

/** The port behind a gate. */
export function withGate<Port extends object>(port: Port, gate: Gate): Port {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        await gate(String(property));
        return Reflect.apply(value, target, args);
      };
    },
  });
}
