import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { type ErrorCode, OutturnError } from '#kit';
import { fieldProblems } from './field-problems.ts';

/** RFC 9457 problem details with a stable `code`; `errors` lists every invalid field at once. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  requestId: string;
  hint?: string;
  errors?: FieldProblem[];
}

/** `pointer`: JSON Pointer into the document that was sent. */
interface FieldProblem {
  path: string;
  message: string;
  pointer?: string;
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  'not-found': 404,
  usage: 422,
  'api/bad-request': 400,
  'api/unauthorised': 401,
  'api/too-large': 413,
  'api/unsupported-media-type': 415,
  'api/key-reused': 422,
  'api/rate-limited': 429,
  'source/unit-mismatch': 422,
  'api/conflict': 409,
  'secret/in-use': 409,
  'secret/no-key': 503,
  'api/precondition-failed': 412,
  'api/precondition-required': 428,
  'config/frozen-plan': 409,
  'config/unknown-reference': 422,
  'queue/invalid-arguments': 422,
  'api/invalid-request': 422,
  'storage/unavailable': 503,
  'storage/stopped': 503,
  'storage/disk-full': 507,
  'queue/unavailable': 503,
  'object/unavailable': 503,
};

export function sendProblem(
  reply: FastifyReply,
  request: FastifyRequest,
  problem: Omit<Problem, 'type' | 'requestId'>,
): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: `urn:outturn:error:${problem.code}`, ...problem, requestId: request.id }));
}

export function problemOf(error: FastifyError | OutturnError | Error): Omit<Problem, 'type' | 'requestId'> {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = fieldProblems(error.validation);
    return {
      title: 'The request is not valid',
      status: 422,
      detail: errors.map((each) => `${each.path}: ${each.message}`).join('; '),
      code: 'api/invalid-request',
      errors,
    };
  }
  if (error instanceof OutturnError) {
    const status = statusOf[error.code] ?? 500;
    return {
      title: status >= 500 ? 'The request could not be carried out' : 'The request was refused',
      status,
      detail: error.message,
      code: error.code,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.code === 'api/invalid-request' && Array.isArray(error.facts?.['errors'])
        ? { errors: error.facts['errors'] as FieldProblem[] }
        : {}),
    };
  }
  const status =
    'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500 ? error.statusCode : 500;
  return {
    title: status < 500 ? 'The request is not valid' : 'Internal error',
    status,
    // What an unknown error says may hold anything: it goes to the log, not to the caller.
    detail:
      status < 500
        ? error.message
        : 'Something failed that should not have; the log has the details under this request id.',
    code: codeOf(status),
  };
}

/** What Fastify itself refuses comes with a status only. */
function codeOf(status: number): ErrorCode {
  switch (status) {
    case 413:
    case 414:
    case 431:
      return 'api/too-large';
    case 415:
      return 'api/unsupported-media-type';
    default:
      return status < 500 ? 'api/bad-request' : 'internal';
  }
}
