"""The outbound bridge: everything between CXone's outbound dialling and a company's CRM."""
