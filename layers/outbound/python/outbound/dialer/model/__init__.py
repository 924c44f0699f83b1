"""A model of a dialer: what a pacing does to callers, agents and trunks, before it is tried on people.

    document -> simulation (one replication) x n -> estimates with intervals
                                                 -> search for the highest ratio under a target

It knows no AWS and no CXone, and draws from a seed: the same document gives the same answer.
"""
