const dark = window.matchMedia('(prefers-color-scheme: dark)');
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followSystem);
followSystem();

// oxlint-disable-next-line typescript/no-unsafe-call -- a global that swagger-ui-bundle.js defines
SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#api',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  // A key that someone tries is gone with the page.
  persistAuthorization: false,
  // No validator of somebody else's hears of this api.
  validatorUrl: null,
});
