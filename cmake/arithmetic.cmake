# The same bits from every build of one source: a fused multiply-add rounds once where two
# operations round twice, so the compiler may not choose.
add_compile_options(-ffp-contract=off)
