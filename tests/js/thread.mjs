/** The worker of the package on a Node thread, with the face of a browser's `Worker`. */
import { Worker as Thread, isMainThread, parentPort } from "node:worker_threads";

/** @returns {Worker} */
export function createWorker() {
  const thread = new Thread(new URL(import.meta.url));
  const worker = /** @type {any} */ ({
    postMessage: (/** @type {any} */ message, /** @type {any} */ transfer) => thread.postMessage(message, transfer),
    terminate: () => void thread.terminate(),
  });
  thread.on("message", (data) => worker.onmessage?.({ data }));
  thread.on("error", (/** @type {any} */ error) => worker.onerror?.({ message: error.message }));
  return worker;
}

if (!isMainThread && parentPort) {
  const port = parentPort;
  const scope = /** @type {any} */ ({ postMessage: port.postMessage.bind(port) });
  Object.assign(globalThis, { self: scope });
  await import("../../pkg/dist/worker.js");
  port.on("message", (data) => scope.onmessage({ data }));
}
