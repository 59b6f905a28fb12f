// Wakes GOV.UK Frontend's components (show password, focus on the error summary). Every page works without it.
const { initAll } = await import('./govuk/govuk-frontend.min.js' + new URL(import.meta.url).search)
document.body.classList.add('js-enabled', 'govuk-frontend-supported')
initAll()
