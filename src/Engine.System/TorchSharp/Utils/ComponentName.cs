using System.Reflection;

namespace TorchSharp.Utils
{
    /// <summary>The name under which a module registers a field: the published weight name where the field's own name differs.</summary>
    [AttributeUsage(AttributeTargets.Field, AllowMultiple = false, Inherited = false)]
    public sealed class ComponentNameAttribute : Attribute
    {
        public ComponentNameAttribute()
        {
        }

        /// <summary>The name in state dictionaries.</summary>
        public string Name { get; set; }
    }
}

namespace TorchSharp
{
    /// <summary>Names of fields as module components.</summary>
    public static class FieldInfoExtensionMethods
    {
        /// <summary>The name of <see cref="Utils.ComponentNameAttribute"/>, or the field's own.</summary>
        public static string ComponentName(this FieldInfo field) =>
            field.GetCustomAttribute<Utils.ComponentNameAttribute>()?.Name ?? field.Name;
    }
}
