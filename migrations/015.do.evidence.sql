-- Which definition of a stream a pull asked with: a changed query under the same name is seen in the evidence.

ALTER TABLE pull ADD COLUMN stream_version text;
COMMENT ON COLUMN pull.stream_version IS 'First 16 hexadecimal digits of the SHA-256 of the stream''s kind and options; null for pulls of before.';
