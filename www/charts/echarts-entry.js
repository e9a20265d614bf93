/** The parts of ECharts that the charts use; `scripts/build.mjs` makes `vendor/echarts.js` of them. */
import { use } from "echarts/core";
import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

export { init } from "echarts/core";

use([LineChart, ScatterChart, GridComponent, MarkLineComponent, TooltipComponent, CanvasRenderer, SVGRenderer]);
