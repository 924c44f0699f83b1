"""The outbound bridge: everything between CXone's outbound dialling and a company's CRM."""

import gc
import os

# What a function imports stays for as long as the function lives. To look for garbage among it, again and
# again while it grows, costs a tenth of a cold start; `runtime.end_cold_start` ends this pause.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()
