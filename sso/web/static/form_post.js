// Sends the form of form_post.html at once; without scripts the person presses its button.
HTMLFormElement.prototype.submit.call(document.getElementById('form_post'))
