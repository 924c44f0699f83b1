"""What was refused or went wrong lately, written down for the operator: `outbound problems`."""
