using System.Collections;

namespace TorchSharp.Utils;

/// <summary>A dictionary that keeps the order of insertion and gives entries as tuples: registration order is the order of state dictionaries.</summary>
public class OrderedDict<TKey, TValue> : IDictionary<TKey, TValue>, IList<(TKey, TValue)>
{
    private readonly Dictionary<TKey, TValue> _values = [];
    private readonly List<TKey> _order = [];

    public OrderedDict()
    {
    }

    public TValue this[TKey key]
    {
        get => _values[key];
        set
        {
            if (!_values.ContainsKey(key))
            {
                _order.Add(key);
            }
            _values[key] = value;
        }
    }

    public (TKey, TValue) this[int index]
    {
        get => (_order[index], _values[_order[index]]);
        set
        {
            _values.Remove(_order[index]);
            _order[index] = value.Item1;
            _values.Add(value.Item1, value.Item2);
        }
    }

    public int Count => _order.Count;

    public bool IsReadOnly => false;

    public ICollection<TKey> Keys => _order.AsReadOnly();

    public ICollection<TValue> Values => _order.ConvertAll(key => _values[key]);

    public void Add(TKey key, TValue value)
    {
        _values.Add(key, value);
        _order.Add(key);
    }

    public void Add((TKey, TValue) item) => Add(item.Item1, item.Item2);

    public void Add(KeyValuePair<TKey, TValue> item) => Add(item.Key, item.Value);

    public void Insert(int index, (TKey, TValue) item)
    {
        _values.Add(item.Item1, item.Item2);
        _order.Insert(index, item.Item1);
    }

    public bool Remove(TKey key) => _values.Remove(key) && _order.Remove(key);

    public bool Remove((TKey, TValue) item) => Contains(item) && Remove(item.Item1);

    public bool Remove(KeyValuePair<TKey, TValue> item) => Contains(item) && Remove(item.Key);

    public void RemoveAt(int index)
    {
        _values.Remove(_order[index]);
        _order.RemoveAt(index);
    }

    public void Clear()
    {
        _values.Clear();
        _order.Clear();
    }

    public bool ContainsKey(TKey key) => _values.ContainsKey(key);

    public bool Contains((TKey, TValue) item) =>
        _values.TryGetValue(item.Item1, out var value) && EqualityComparer<TValue>.Default.Equals(value, item.Item2);

    public bool Contains(KeyValuePair<TKey, TValue> item) => Contains((item.Key, item.Value));

    public bool TryGetValue(TKey key, out TValue value) => _values.TryGetValue(key, out value);

    public int IndexOf((TKey, TValue) item) => Contains(item) ? _order.IndexOf(item.Item1) : -1;

    public void CopyTo((TKey, TValue)[] array, int arrayIndex)
    {
        foreach (var entry in this)
        {
            array[arrayIndex++] = entry;
        }
    }

    public void CopyTo(KeyValuePair<TKey, TValue>[] array, int arrayIndex)
    {
        foreach (var (key, value) in this)
        {
            array[arrayIndex++] = new(key, value);
        }
    }

    public IEnumerator<(TKey, TValue)> GetEnumerator()
    {
        foreach (var key in _order)
        {
            yield return (key, _values[key]);
        }
    }

    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator()
    {
        foreach (var key in _order)
        {
            yield return new(key, _values[key]);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
