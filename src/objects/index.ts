/** Object store port: a folder, or any S3-compatible service. */
import type { ObjectStore, Settings } from '#kit';
import { openFolderStore } from './folder.ts';
import { openS3Store } from './s3.ts';

/** Opens what the settings name; nothing is touched until the first call. */
export function openObjectStore(settings: Settings['objects']): ObjectStore {
  return settings.kind === 'folder' ? openFolderStore(settings.path) : openS3Store(settings);
}
