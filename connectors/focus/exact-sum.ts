/** A sum of decimals without any rounding: cloud bills have lines of a billionth of a cent, millions of them. */
export class ExactSum {
  #digits = 0n;
  #places = 0;

  /** `decimal` is canonical: `-12.5`, no exponent, no blanks. */
  add(decimal: string): void {
    const point = decimal.indexOf('.');
    const places = point === -1 ? 0 : decimal.length - point - 1;
    let digits = BigInt(point === -1 ? decimal : decimal.slice(0, point) + decimal.slice(point + 1));
    if (places > this.#places) {
      this.#digits *= 10n ** BigInt(places - this.#places);
      this.#places = places;
    } else if (places < this.#places) digits *= 10n ** BigInt(this.#places - places);
    this.#digits += digits;
  }

  toString(): string {
    const negative = this.#digits < 0n;
    const digits = String(negative ? -this.#digits : this.#digits).padStart(this.#places + 1, '0');
    const whole = digits.slice(0, digits.length - this.#places);
    const fraction = digits.slice(digits.length - this.#places).replace(/0+$/, '');
    return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  }
}
