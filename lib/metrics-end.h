/* Ends an expansion that metrics-structs.h or metrics-tables.h began. */
#undef METRICS
#undef GAUGE
#undef COUNTER
#undef FAMILY
#undef METRIC_ROW
#undef END_METRICS
