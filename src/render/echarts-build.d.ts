/** The package declares no types for its one-file build, which exports what `echarts` does. */
declare module 'echarts/dist/echarts.esm.min.mjs' {
  export * from 'echarts';
}
