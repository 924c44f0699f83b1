"""The systems that the bridge reports to: a CRM, a warehouse and a WFM."""
