// SPDX-License-Identifier: Apache-2.0
// Metrics in the text format of Prometheus, by prom-client: the process's own and those that the caller counts.
// prom-client is loaded at the first page.

/** One kind of number that is measured, with its present values. */
export interface MetricFamily {
  /** Full name, `capstan_…`, with its unit at the end; counters end in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly samples: readonly MetricSample[];
}

/** One value of a family. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A page and its media type. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

/** Makes the function that renders a page of the process's metrics and the given families. */
export function metricsRenderer(): (families: readonly MetricFamily[]) => Promise<MetricsPage> {
  let processMetrics: import("prom-client").Registry | undefined;
  return async (families) => {
    const { Registry, Gauge, Counter, collectDefaultMetrics } = await import("prom-client");
    if (processMetrics === undefined) {
      processMetrics = new Registry();
      collectDefaultMetrics({ register: processMetrics });
    }
    const registry = new Registry();
    for (const { name, help, type, samples } of families) {
      const labelNames = [...new Set(samples.flatMap((sample) => Object.keys(sample.labels)))];
      const options = { name, help, labelNames, registers: [registry] };
      if (type === "gauge") {
        const gauge = new Gauge(options);
        for (const sample of samples) gauge.set({ ...sample.labels }, sample.value);
      } else {
        const counter = new Counter(options);
        for (const sample of samples) counter.inc({ ...sample.labels }, sample.value);
      }
    }
    return {
      contentType: registry.contentType,
      text: `${await registry.metrics()}\n${await processMetrics.metrics()}`,
    };
  };
}
