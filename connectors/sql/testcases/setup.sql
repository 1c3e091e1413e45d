-- The database that the testcases were recorded from.
CREATE SCHEMA erp;
CREATE TABLE erp.bookings (
  document_no text, item int, posted date NOT NULL, wbs_element text, amount numeric, currency text, note text,
  PRIMARY KEY (document_no, item)
);
INSERT INTO erp.bookings VALUES
  ('4711', 1, '2026-05-30', 'P-1001', 999.00, 'EUR', 'before the window'),
  ('4712', 1, '2026-06-01', 'P-1001', 1234567890123.456789, 'EUR', 'Licences; "quoted", with a
second line'),
  ('4712', 2, '2026-06-01', 'P-1001', -12.50, 'EUR', NULL),
  ('4713', 1, '2026-06-02', 'P-1002', 0.10, 'USD', ''),
  ('4714', 1, '2026-06-03', NULL, 7, 'EUR', 'no project'),
  ('4715', 1, '2026-06-04', 'P-1002', 20, 'EUR', 'the next window');
CREATE TABLE public.tickets (id bigint PRIMARY KEY, closed_at timestamptz NOT NULL, team text, minutes double precision);
INSERT INTO public.tickets VALUES
  (1, '2026-10-24T23:15Z', 'a', 10), (2, '2026-10-25T00:15Z', 'a', 20), (3, '2026-10-25T00:45Z', 'a', 5),
  (4, '2026-10-25T01:15Z', 'a', 30), (5, '2026-10-25T02:15Z', 'a', 40);
CREATE TABLE public.load (at timestamp PRIMARY KEY, value numeric);
INSERT INTO public.load VALUES
  ('2026-06-01 10:00', 1.5), ('2026-06-01 11:00', 'NaN'), ('2026-06-01 12:00', NULL), ('2026-06-01 13:00', 'Infinity'),
  ('2026-06-01 14:00', 0);
CREATE TABLE public.secrets ("user" text, "when" date, amount int);
CREATE TABLE public.reserved ("order" text, "when" date, "Total Hours" real);
