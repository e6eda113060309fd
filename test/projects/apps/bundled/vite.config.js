export default {
  build: {
    ssr: true,
    outDir: 'vite',
    rollupOptions: { input: ['main.js', 'render.js'], external: ['threadmemo'] },
  },
};
