/** What anywidget lends to a view: the traits of the Python object, and messages to it. */
export interface AnyModel<Traits extends object> {
  get<Name extends keyof Traits & string>(name: Name): Traits[Name];
  set<Name extends keyof Traits & string>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  send(content: unknown): void;
  on(event: 'msg:custom', callback: (content: unknown, buffers: DataView[]) => void): void;
  on(event: `change:${keyof Traits & string}`, callback: () => void): void;
  off(event: string, callback: unknown): void;
}

/** Listen to a trait; returns what ends it. */
export function observe<Traits extends object>(
  model: AnyModel<Traits>,
  name: keyof Traits & string,
  callback: () => void
): () => void {
  const event = `change:${name}` as const;
  model.on(event, callback);
  return () => model.off(event, callback);
}
