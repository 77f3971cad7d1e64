#!/bin/bash
# campaign_test.sh SIMULATOR: fresh seeds for $CAMPAIGN_MINUTES. What fails is among its outputs.
set -euo pipefail
exec "$1" campaign --minutes "${CAMPAIGN_MINUTES:-50}" --dir "$TEST_UNDECLARED_OUTPUTS_DIR"
