/** ISO local date, `YYYY-MM-DD`. */
export type LocalDate = string;
/** Decimal number written as a string, so that no binary float touches money. */
export type DecimalString = string;
/** ISO 4217 code, upper case. */
export type CurrencyCode = string;
