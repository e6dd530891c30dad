// Messages and stack traces of failures become a payload, so that the codec encrypts them too. Temporal's SDK loads this by its path, in
// workers and in the sandbox of workflows, by `require`.
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
