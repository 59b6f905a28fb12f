// Compiles app.scss and copies GOV.UK Frontend's script into each folder that is named.
// Refuses what must never reach a page: the crown's font, a web font, an address elsewhere.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as sass from 'sass'

const folders = process.argv.slice(2)
const source = new URL('.', import.meta.url).pathname
const packages = join(source, 'node_modules')
const govuk = join(packages, 'govuk-frontend')

const { css } = sass.compile(join(source, 'app.scss'), {
  loadPaths: [packages],
  style: 'compressed',
  quietDeps: true,
})
const script = readFileSync(join(govuk, 'dist/govuk/govuk-frontend.min.js'), 'utf8')
  .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n')

const forbidden = [
  ['app.css', css, /GDS Transport/, "GOV.UK's own typeface"],
  ['app.css', css, /@font-face/, 'a web font'],
  ['app.css', css, /@import/, 'another style sheet'],
  ['app.css', css, /url\(/, 'a picture or an address'],
  ['app.css', css, /(?<!\^=")https?:\/\//, 'an address'],
  ['govuk-frontend.min.js', script, /sourceMappingURL|\beval\(|new Function/, 'what the content policy forbids'],
]
for (const [name, text, pattern, what] of forbidden) {
  const found = text.search(pattern)
  if (found >= 0) {
    console.error(`assets: ${name} contains ${what}: …${text.slice(Math.max(0, found - 60), found + 80)}…`)
    process.exit(1)
  }
}

const { version } = JSON.parse(readFileSync(join(govuk, 'package.json'), 'utf8'))
const notice = `app.css and govuk-frontend.min.js are made from govuk-frontend ${version}; app.css also has rules of this
project's own (Apache-2.0). govuk-frontend is under the MIT licence:

Copyright (c) Crown Copyright (Government Digital Service)

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
for (const folder of folders) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'app.css'), css)
  writeFileSync(join(folder, 'govuk-frontend.min.js'), script)
  writeFileSync(join(folder, 'NOTICE.txt'), notice)
}
console.error(`assets: app.css ${(css.length / 1024).toFixed(0)} KB in ${folders.length} folders`)
