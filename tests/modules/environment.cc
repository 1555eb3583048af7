// Decorates the environment of executors: each parameter is a variable, one without a value takes it away, and $NAME is the
// value of another.
#include <string>
#include <utility>
#include <vector>

#include <mesos/hook.h>

namespace
{

class Decorator
{
    public:
	explicit Decorator(const mesos_parameters *parameters)
	{
		for (size_t i = 0; i < mesos_parameters_count(parameters); i++)
			variables.emplace_back(mesos_parameters_key(parameters, i),
					       mesos_parameters_value(parameters, i));
	}

	int decorate(mesos_environment *environment) const
	{
		for (const auto &[name, value] : variables)
			if (value.empty())
				mesos_environment_unset(environment, name.c_str());
			else if (mesos_environment_set(environment, name.c_str(),
						       meant(environment, value)))
				return -1;
		return 0;
	}

    private:
	// NULL, which is refused, if that is not set.
	static const char *meant(const mesos_environment *environment, const std::string &value)
	{
		return value[0] == '$' ? mesos_environment_get(environment, value.c_str() + 1)
				       : value.c_str();
	}

	std::vector<std::pair<std::string, std::string>> variables;
};

int decorate(void *self, const mesos_event *, mesos_environment *environment)
{
	return static_cast<const Decorator *>(self)->decorate(environment);
}

// Designated initialisers came with C++20.
constexpr mesos_hook make_hook()
{
	mesos_hook hook{};

	hook.size = sizeof(hook);
	hook.abi = MESOS_MODULE_ABI;
	hook.slave_executor_environment_decorator = decorate;
	return hook;
}

constexpr mesos_hook hook = make_hook();

mesos_module make_module()
{
	mesos_module module{};

	module.size = sizeof(module);
	module.abi = MESOS_MODULE_ABI;
	module.api_version = MESOS_MODULE_API_VERSION;
	module.mesos_version = MESOS_VERSION;
	module.kind = MESOS_HOOK_KIND;
	module.author_name = "An Author";
	module.author_email = "author@example.org";
	module.description = "Sets variables of executors.";
	module.compatible = [] { return true; };
	module.functions = &hook;
	module.create = [](const mesos_parameters *parameters) -> void * {
		return new Decorator(parameters);
	};
	module.destroy = [](void *self) { delete static_cast<Decorator *>(self); };
	return module;
}

} // namespace

MESOS_MODULE(org_example_environment) = make_module();
// Another one, so that there can be two.
MESOS_MODULE(org_example_environment_2) = make_module();
