/** An environment in which the SDK's download fails at once, also on a machine with internet: nobody listens there. */
export const noDownload = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
