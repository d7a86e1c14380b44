// For shops of the older browser SDK: the same global, the same call, the same redirect.
window.pay200SDK = ({ apiKey, baseUrl }) => {
  const paygate = Paygate({ clientKey: apiKey, baseUrl });
  return {
    requestPayment: ({ amount, orderId, orderName, successUrl, failUrl }) => {
      const promise = paygate.requestPayment({ amount, orderId, orderName, successUrl, failUrl, mode: 'popup' });
      // Their pages wait for an address and not for a promise: a closed window is no error of theirs.
      promise.catch(({ code, message }) => console.warn(`${code}: ${message}`));
      return promise;
    },
  };
};
