"""The integer arithmetic of SPEC.md section 1, one module per operation.

Only the reference and the packer's range proofs use it; the C templates of the same name are
written from SPEC.md on their own, so that one can find the other's mistakes.
"""
