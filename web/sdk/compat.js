// For shops of the older browser SDK: the same global, the same call, the same redirect.
window.pay200SDK = ({ apiKey, baseUrl }) => {
  const paygate = Paygate({ clientKey: apiKey, baseUrl });
  return {
    requestPayment: ({ amount, orderId, orderName, successUrl, failUrl }) =>
      paygate.requestPayment({ amount, orderId, orderName, successUrl, failUrl, mode: 'popup' }),
  };
};
