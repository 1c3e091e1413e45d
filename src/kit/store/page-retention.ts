/** Bodies of archived pages that are old enough to go. Their rows stay and say when they went. */
export interface PageRetentionRepository {
  /**
   * Marks pages as removed, at most `limit` of them by content, and notes that their objects are to be deleted. A page goes when
   * the same content was received last before `beforeMs`. With `keepsEvidence` those stay on which the newest revision of
   * a sample, cost line or exchange rate rests that counts; they are looked at again once that was found before `recheckBeforeMs`.
   * `looked`: how many were judged; 0 when no more are due.
   */
  mark(input: {
    beforeMs: number;
    keepsEvidence: boolean;
    recheckBeforeMs: number;
    limit: number;
  }): Promise<{ looked: number; removed: number; bytes: number }>;
  /**
   * Inside the transaction that deletes them, which keeps others from archiving meanwhile: keys of objects of marked pages. Those
   * that were received once more since are marked no longer, and stay.
   */
  takeRemovals(limit: number): Promise<{ objectKeys: string[]; taken: number }>;
}
