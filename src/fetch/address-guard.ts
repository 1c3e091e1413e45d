import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Cloud metadata services that stand outside the link-local ranges. */
const METADATA_ADDRESSES = new Set([
  // AWS: instances, and the credentials of EKS pods.
  'fd00:ec2::254',
  'fd00:ec2::23',
  // Google.
  'fd20:ce::254',
  // Alibaba, Oracle (IPv4 and IPv6), Azure, Scaleway.
  '100.100.100.200',
  '192.0.0.192',
  'fd00:c1::a9fe:a9fe',
  '168.63.129.16',
  'fd00:42::42',
]);
/** Ranges of ipaddr.js that no redirect may lead into unasked. */
const PRIVATE_RANGES = new Set([
  'private',
  'loopback',
  'uniqueLocal',
  'carrierGradeNat',
  'unspecified',
  'linkLocal',
  'deprecatedSiteLocal',
  'multicast',
  'broadcast',
  'reserved',
]);

export type AddressPolicy = 'no-metadata' | 'no-private';

/** Why an address must not be asked, or null. `no-metadata` refuses link-local and metadata addresses, `no-private` private ones as well. */
export function refuseAddress(address: string, policy: AddressPolicy): string | null {
  const host = address.replace(/^\[|\]$/g, '').split('%')[0] ?? '';
  if (!ipaddr.isValid(host)) return null;
  const parsed = embeddedIpv4(ipaddr.process(host));
  const range = parsed.range();
  if (range === 'linkLocal') return `${host} is a link-local address`;
  if (METADATA_ADDRESSES.has(parsed.toString())) return `${host} is a cloud metadata address`;
  if (policy === 'no-private' && PRIVATE_RANGES.has(range)) return `${host} is in a ${range} address range`;
  return null;
}

/** Addresses that carry an IPv4 address, which is reached in the end: NAT64, 6to4, translated and (deprecated) compatible ones. */
function embeddedIpv4(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  const bytes = address.toByteArray();
  const range = address.range();
  const compatible = range === 'unicast' && bytes.slice(0, 12).every((byte) => byte === 0);
  if (range === 'rfc6052' || range === 'rfc6145' || compatible) return new ipaddr.IPv4(bytes.slice(12, 16));
  if (range === '6to4') return new ipaddr.IPv4(bytes.slice(2, 6));
  return address;
}

/** Thrown inside the connection set-up; turned into `source/blocked-address`. */
export class BlockedAddressError extends Error {
  override readonly name = 'BlockedAddressError';
}

/**
 * DNS lookup for an agent that refuses names leading to such addresses. The check sits where the connection is made:
 * a name that answers differently a moment later (DNS rebinding) is checked with the address that is used.
 */
export function guardedLookup(policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '', undefined);
        return;
      }
      for (const { address } of addresses) {
        const reason = refuseAddress(address, policy);
        if (reason !== null) {
          callback(new BlockedAddressError(`${hostname} leads to ${address}: ${reason}`), '', undefined);
          return;
        }
      }
      const first = addresses[0];
      if (options.all === true) callback(null, addresses);
      else if (first === undefined) callback(new Error(`no address for ${hostname}`), '', undefined);
      else callback(null, first.address, first.family);
    });
  };
}

/** The same for a name that a proxy will look up. One that only the proxy knows passes: it cannot be judged from here. */
export function refuseName(hostname: string, policy: AddressPolicy): Promise<void> {
  return new Promise((resolve, reject) => {
    guardedLookup(policy)(hostname.replace(/^\[|\]$/g, ''), { all: true }, (error) => {
      if (error instanceof BlockedAddressError) reject(error);
      else resolve();
    });
  });
}
