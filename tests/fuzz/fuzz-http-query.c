/* The target of a request, its query, and an Accept header: the first is before a '\n'. */
#include "lib/http_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = { "application/json", "text/plain", NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	char *accept = strchr(text, '\n'), *path, *query;
	struct http_param params[HTTP_PARAMS_MAX];
	size_t most = strlen(text);
	unsigned n;

	if (accept)
		*accept++ = '\0';
	assert(http_accept(accept, types) < 2);
	if (http_parse_target(text, &path, &query) < 0)
		return 0;
	assert(*path == '/' && strlen(path) <= most);
	n = http_parse_query(query, params);
	assert(n <= HTTP_PARAMS_MAX);
	for (unsigned i = 0; i < n; i++)
		assert(strlen(params[i].name) + strlen(params[i].value) <= most);
	return 0;
}
