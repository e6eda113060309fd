import { memoize } from 'threadmemo';

export class NotFound extends Error {
  static made = 0;
  #secret = 'made by the constructor';

  constructor(what) {
    super(`there is no ${what}`);
    this.what = what;
    NotFound.made++;
  }

  describe() {
    return `${this.name}: ${this.what}`;
  }

  secret() {
    return this.#secret;
  }
}

export const find = memoize(import.meta.url, function find(what) {
  throw new NotFound(what);
});
