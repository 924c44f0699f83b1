"""A stand-in for the world outside: a CXone tenant and the systems that the bridge reports to.

Six folders, one reason to change each:

- ``world``      what exists: clients, quotas, campaigns and every call they made, from a seed;
- ``wire``       what both servers share: serving, faults on request, the record of the traffic;
- ``tenant``     the CXone side, one module for each group of calls;
- ``receivers``  the CRM, the warehouse and the WFM;
- ``senders``    who sends webhooks to the bridge, each signing in its own way;
- ``clients``    typed access to the calls that steer them.

``python -m sandbox`` runs a server, ``sandbox.running`` starts one from a test.
"""
