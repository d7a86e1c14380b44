#!/usr/bin/env bash
# Confirms a payment with curl:
#
#   PAYGATE_SECRET_KEY=… ./confirm.sh <orderId> <paymentKey> <amount>
#
# orderId and paymentKey are what successUrl got; the amount is what your shop asks for, never what the
# address of the page says. Writes the last answer, and ends with 0 when the payment is confirmed.
set -euo pipefail

order_id=$1 payment_key=$2 amount=$3
# The same payment is being confirmed at this moment: by this call, sent before, or by another.
under_way='"(IDEMPOTENCY_KEY_IN_USE|CONFIRM_IN_PROGRESS)"'

# The same idempotency key for the same payment: however often this is sent, it is charged once. The
# status comes after the answer, on a line of its own.
confirm() {
  curl --silent --show-error --max-time 15 --write-out '\n%{http_code} %header{retry-after}' \
    --user "$PAYGATE_SECRET_KEY:" \
    --header 'Content-Type: application/json' \
    --header "Idempotency-Key: confirm-$payment_key" \
    --data "{\"orderId\":\"$order_id\",\"paymentKey\":\"$payment_key\",\"amount\":$amount}" \
    "${PAYGATE_URL:-http://127.0.0.1:8080}/api/v1/p/merchant/confirm"
}

for attempt in {1..20}; do
  # Without an answer the status is 000.
  answer=$(confirm) || true
  body=${answer%$'\n'*}
  read -r status wait <<<"${answer##*$'\n'}"
  if [ "$status" = 200 ]; then
    echo "$body"
    exit 0
  fi
  # Not known yet, or busy: the same call is sent again. Everything else is final.
  if [[ $status == 4* && $status != 429 && ! $body =~ $under_way ]]; then break; fi
  # An older curl does not tell how long to wait.
  [[ $wait =~ ^[0-9]+$ ]] || wait=3
  if [ "$attempt" -lt 20 ]; then sleep "$wait"; fi
done
echo "$body"
exit 1
