import { describe, expect, it } from 'vitest';
import { readItemLink, withoutItemLink } from '../src/models/itemLink';

const LAB = 'https://hub.example.org/user/alice/lab/tree/a.ipynb';

describe('a link with an item', () => {
  it('is read from the address', () => {
    const address = `${LAB}?esap-item=rucio%3Ademo%3Am51&esap-service=lake`;
    expect(readItemLink(address)).toEqual({ item: 'rucio:demo:m51', service: 'lake' });
    expect(readItemLink(`${LAB}?esap-item=https%3A%2F%2Fa.org%2F%3Fx%3D1%26y`)?.item).toBe('https://a.org/?x=1&y');
  });

  it('asks for nothing without one', () => {
    expect(readItemLink(LAB)).toBeNull();
    expect(readItemLink(`${LAB}?esap-item=%20`)).toBeNull();
  });

  it('is taken from the address, and nothing else is', () => {
    expect(withoutItemLink(`${LAB}?reset=1&esap-item=x&esap-service=y#a`)).toBe(`${LAB}?reset=1#a`);
    expect(withoutItemLink(LAB)).toBe(LAB);
  });
});
