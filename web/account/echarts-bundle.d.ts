/** ECharts as one file has the same exports as the package, but no types of its own. */
declare module 'echarts/dist/echarts.esm.min' {
  export * from 'echarts';
}
