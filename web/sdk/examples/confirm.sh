#!/usr/bin/env bash
# Confirms a payment with curl:
#
#   PAYGATE_SECRET_KEY=… ./confirm.sh <orderId> <paymentKey> <amount>
#
# orderId and paymentKey are what successUrl got; the amount is what your shop asks for, never what the
# address of the page says.
set -euo pipefail

order_id=$1 payment_key=$2 amount=$3

# The same idempotency key for the same payment: however often this is sent, it is charged once. curl
# sends it again when the server is busy or the outcome is not known yet (429, 503, 504).
curl --silent --show-error --max-time 15 --retry 10 --retry-connrefused \
  --user "$PAYGATE_SECRET_KEY:" \
  --header 'Content-Type: application/json' \
  --header "Idempotency-Key: confirm-$payment_key" \
  --data "{\"orderId\":\"$order_id\",\"paymentKey\":\"$payment_key\",\"amount\":$amount}" \
  "${PAYGATE_URL:-http://127.0.0.1:8080}/api/v1/p/merchant/confirm"
