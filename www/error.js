/** An error with a stable `code`, and `details` that name the value, the rule and the place. */
export class CrmError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {Record<string, unknown>} [details]
   */
  constructor(code, message, details = {}) {
    super(message);
    this.name = "CrmError";
    this.code = code;
    this.details = details;
  }
}
