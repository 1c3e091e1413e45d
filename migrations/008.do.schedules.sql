-- What explains a schedule: since when it is what it is, when it was paused and by whom, and when a scheduler ran at all.

ALTER TABLE fire ADD COLUMN delay_ms bigint NOT NULL DEFAULT 0 CHECK (delay_ms >= 0);
COMMENT ON COLUMN fire.delay_ms IS 'By how much its job was put off, so that not all schedules of one minute ask at once.';
CREATE INDEX fire_by_slot_time ON fire (slot_at DESC, schedule);

CREATE TABLE schedule_version (
  schedule text NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz CHECK (until >= since),
  cron text NOT NULL,
  time_zone text NOT NULL,
  ended text CHECK (ended IN ('changed', 'left')),
  PRIMARY KEY (schedule, since),
  CHECK ((until IS NULL) = (ended IS NULL))
);
CREATE UNIQUE INDEX schedule_version_current ON schedule_version (schedule) WHERE until IS NULL;
COMMENT ON TABLE schedule_version IS 'The times that a schedule had, and from when to when: only those are missed that it had.';
COMMENT ON COLUMN schedule_version.ended IS 'changed: it got other times; left: it stood in no configuration any more.';

CREATE TABLE schedule_pause (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schedule text NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz CHECK (until > since),
  paused_by text NOT NULL,
  reason text,
  resumed_at timestamptz,
  resumed_by text,
  CHECK ((resumed_at IS NULL) = (resumed_by IS NULL))
);
CREATE INDEX schedule_pause_by_schedule ON schedule_pause (schedule, since DESC);
COMMENT ON TABLE schedule_pause IS 'It ends when somebody resumes the schedule, or by itself at until; what fell into it is never caught up.';

CREATE TABLE scheduler_instance (
  instance text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  stopped_at timestamptz
);
CREATE INDEX scheduler_instance_by_time ON scheduler_instance (seen_at DESC);
COMMENT ON TABLE scheduler_instance IS 'Schedulers and when they were last seen at work: tells a slot that nobody could fire from one that was lost.';
