"""Market history on disk: exact bars, quotes and trades in Parquet, with a manifest that tells what must be there.

`layout` says what lies where, `tables` what a row is; `manifest` is the record of each dataset, `writer` merges into
it; `foreign` and `intake` read what others wrote; `verify` looks for damage, `query` answers, `reader` iterates.
"""
