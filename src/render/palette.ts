/** Calm greys and one accent; red only for what is worse than zero or needs a person. */
export const palette = {
  ground: '#f3f5f7',
  surface: '#ffffff',
  ink: '#17212b',
  muted: '#5a6b7a',
  line: '#e3e8ec',
  accent: '#0b7268',
  bad: '#b3362b',
  alertGround: '#fdf4e7',
  alertInk: '#7a4a06',
} as const;

export const darkPalette: Record<keyof typeof palette, string> = {
  ground: '#0f151b',
  surface: '#18212a',
  ink: '#e8eef3',
  muted: '#9db0bf',
  line: '#2b3743',
  accent: '#5fd0c0',
  bad: '#ff9a8f',
  alertGround: '#33280f',
  alertInk: '#f5cf8e',
};
