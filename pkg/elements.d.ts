import type { Engine } from "./engine.js";

/** Attributes: `lang` (`en`, `fa`, `ar`), `deals`, `history`, `customers`, `orders`, `interactions`, `dimensions` (URLs). Events: `crm-select`, `crm-result`, `crm-error`. */
export class CrmElement extends HTMLElement {
  engine: Engine | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "crm-dashboard": CrmElement;
    "crm-funnel": CrmElement;
    "crm-forecast": CrmElement;
    "crm-pipeline": CrmElement;
    "crm-segments": CrmElement;
    "crm-quality": CrmElement;
  }
}
